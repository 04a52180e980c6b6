"""Feeds as values: what a file is, which changes are news, how fresh a feed is. Pure."""
