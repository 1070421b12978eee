"""The page of lessons: a list, and each lesson with its controls, drawings and texts."""
