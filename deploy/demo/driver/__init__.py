"""Works the gateway over HTTP as the admins of several organizations would.

What it did, and what it expected, goes to a file of JSON lines, one a privileged request, so that
the audit log can be held against it.
"""
