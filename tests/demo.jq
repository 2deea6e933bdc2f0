# SPDX-License-Identifier: MIT
# One line for each message of a job: seconds since it was handed in, and what the message means.
{ "intake -> queued": "it was checked, and is complete",
  "queued -> preparing": "a slot is free: its image is built",
  "preparing -> planning": "the tables are reduced to the granted courses",
  "planning -> running": "its container runs, without a network",
  "running -> collecting": "what it left is copied out",
  "collecting -> evaluating": "its predictions are evaluated",
  "evaluating -> gating": "the release policy is applied",
  "gating -> releasing": "the result goes to its owner" } as $meaning
| (((.__REALTIME_TIMESTAMP | tonumber) - $from) / 100000 | round | [., 0] | max) as $tenths
| (($tenths / 10 | floor | tostring) + "." + ($tenths % 10 | tostring)) as $time
| (.MESSAGE | sub("^Mail '[^']*-(?<event>[a-z]+)\\.json' was sent: (?<reply>.*)"; "mail \"\(.event)\" sent: \(.reply)")) as $text
| " " * (6 - ($time | length)) + $time + " s  "
  + if $meaning[$text] then $text + " " * ([28 - ($text | length), 1] | max) + $meaning[$text] else $text end
