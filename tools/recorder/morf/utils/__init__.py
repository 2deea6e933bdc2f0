# SPDX-License-Identifier: MIT
"""What controllers import from here besides the workflow, as stand-ins that do no harm. The rest of the original is not here."""
