"""Spends surplus sun on hot water and other loads in a Victron home."""
