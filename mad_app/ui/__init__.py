"""The app in the browser: pages that show, and workers that compute.

A competition runs in a process of its own, which the server's one queue starts (`mad_app.jobs`) and which reports
through files in a folder. A page reads these files and draws; it never computes a competition.
"""
