"""What is wrong with a file, and how like its source it is."""
