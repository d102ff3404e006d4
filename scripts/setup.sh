#!/bin/sh
# Makes the virtual environment $1: pinned dependencies, this package, and Icarus Verilog where the system has none.
set -eu
venv=$1
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup: Python 3.11 or newer is needed; set PYTHON=/path/to/python3" >&2; exit 3; }
for tool in g++ perl make; do
    command -v "$tool" >/dev/null || { echo "setup: $tool is missing; install it with your system's packages" >&2; exit 3; }
done
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
# The constraints pin the CPU build of torch; without them pip would take one with several GB of CUDA packages.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c scripts/constraints.txt -e '.[dev,ecg]'

# Icarus Verilog (four-state simulation) is in no Python package. Unpack Debian's into the environment: nothing global.
if ! command -v iverilog >/dev/null && [ ! -x "$venv/icarus/usr/bin/iverilog" ] && command -v apt-get >/dev/null; then
    target=$(cd "$venv" && pwd)/icarus
    mkdir -p "$target/lists/partial" "$target/cache/archives/partial"
    apt="apt-get -qq -o Dir::State::lists=$target/lists -o Dir::Cache=$target/cache -o APT::Sandbox::User=root"
    if $apt update && (cd "$target" && $apt download iverilog); then
        dpkg-deb -x "$target"/iverilog_*.deb "$target"
    else
        echo "setup: could not fetch Icarus Verilog; install iverilog to run the four-state tests" >&2
    fi
    rm -rf "$target/lists" "$target/cache" "$target"/*.deb
fi
