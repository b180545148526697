"""Batch runs: many accounts over the same bars in one call, and what helps to prepare them."""
