"""``python -m firmware_py.demo``: a Ctrl-C while the modules are still being loaded ends it as quietly as any later."""

import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from firmware_py.demo.run import main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
