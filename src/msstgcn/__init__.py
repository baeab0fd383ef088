"""MS-STGCN: spotting micro- and macro-expressions in long face videos, as a research book."""
