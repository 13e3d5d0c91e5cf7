"""The processor's name, as every result names it."""

import platform


def processor_name():
    with open("/proc/cpuinfo", encoding="utf-8") as source:
        named = next((line.split(":", 1)[1].strip() for line in source if line.startswith("model name")), None)
    return named or platform.machine()
