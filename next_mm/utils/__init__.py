"""What every part of the package may use: files, options, weights, tables, command lines."""
