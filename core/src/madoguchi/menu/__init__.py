"""The rich menu: which tiles it has, how it looks, and how it reaches LINE and the residents."""
