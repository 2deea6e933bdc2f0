# SPDX-License-Identifier: MIT
"""The calls of a workflow."""
