"""Data: sealed tables, measured rows, hardware, published results, and a row in words."""
