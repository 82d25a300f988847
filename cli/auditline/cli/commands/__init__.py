"""The commands, one file each; what is heavy is imported only when a command runs."""
