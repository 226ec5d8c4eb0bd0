"""A printer per format: pieces of a text in, a file out."""
