"""The app in the browser: pages that show, and workers that compute.

Competitions run in worker processes, to which the server's one queue hands them (`mad_app.jobs`) and which report
through files in a folder. A page reads these files and draws; it never computes a competition.
"""
