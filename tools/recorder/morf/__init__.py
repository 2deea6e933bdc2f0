# SPDX-License-Identifier: MIT
"""The functions that MORF 2.0 gave to controllers. They record that they were called and do nothing else."""
