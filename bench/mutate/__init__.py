"""`bench mutate`: one comparison, number, word of logic or answer of the code is changed at a time. Who notices?"""
