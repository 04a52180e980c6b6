"""The policy language: pure Python, importable alone; see DESIGN.md beside this file."""
