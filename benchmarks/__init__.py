"""reglib beside what a reader would use instead: times, memory, and how far from the optimum.

`python -m benchmarks` prints the table; README.md says what it measures and how.
"""
