"""Kafka and ClickHouse on a machine that has neither Docker nor servers.

`stack.LocalStack` starts both from a package manager's files alone, under a supervisor that
survives being killed, with all data in one directory and every port on 127.0.0.1.
`doctor` says what a machine lacks for that and how to get it.
"""
