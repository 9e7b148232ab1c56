"""What keeps watch over the program itself: the guard process, the threads, the limits."""
