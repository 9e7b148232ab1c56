"""Pictures drawn from the program's own tables, so that they cannot tell anything else than the program does."""
