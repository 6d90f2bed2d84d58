"""A request asks: HTTP for people, programs, workers and conda clients. No SQL, no rule of the farm."""
