"""A long life in a short time: hours of trouble on one running process, and what it leaves behind."""
