"""Web pages: the viewer of a competition as data, and files that hold it and all that it shows."""
