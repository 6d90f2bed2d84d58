"""Condafarm's controller: five floors, each answering one question, the same rooms on every floor.

=====================  ==========================================  ===============================
floor                  question                                    may import
=====================  ==========================================  ===============================
cli                    Who asks? a person at a terminal             all below: ``farm up`` starts them
web, loop              Who asks? a request, the clock               all below, not each other
wiring, settings       How is the Farm put together?                all below
services               What happens? one function, one transaction  storage, gateways and below
storage, gateways      What do we remember? Whom do we talk to?     planning, domain, not each other
planning               What should happen, and why? pure            domain
domain                 What is it? frozen values, tables of moves   workers.contract, standard library
=====================  ==========================================  ===============================

The rooms are recipes, graph, batches, jobs, workers, artifacts, channels, logs and people. So a
file is found by two words: which room, which floor. import-linter keeps the floors (``make check``).
"""
