"""What panels share: parameters, ranges, words, landscapes, lines, families, mixtures."""
