"""``python -m workers.agent`` is ``farm-worker``."""

import sys

from workers.agent.main import main

sys.exit(main())
