"""The workbench: `jpsim serve`, a door like the command line. It parses requests, calls the facade and answers JSON.

One process serves; what can crash or take long (explaining, planning, comparing, carrying out runs) happens in
children, which are kept warm and speak JSON lines over pipes. Nothing here computes.
"""
