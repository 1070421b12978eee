"""The app in the browser: pages that show, and worker processes that compute.

A competition runs in a process of its own (`worker`), which the server's one queue starts (`jobs`) and which tells how
it fares through files in a folder (`job_folder`). A page reads these files and draws (`stage`); it never computes.
"""
