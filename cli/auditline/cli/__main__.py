"""`python -m auditline.cli`."""

from auditline.cli import main

main()
