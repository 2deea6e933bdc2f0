# SPDX-License-Identifier: MIT
"""Helpers of the original; nothing of them is here."""
