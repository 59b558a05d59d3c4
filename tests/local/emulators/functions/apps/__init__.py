"""Apps for the tests of the functions host, and the means to run them."""
