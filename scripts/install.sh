#!/usr/bin/env bash
# Makes .venv from the pinned versions in constraints.txt; `make install` runs it when something changed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'install: %s\n' "$*" >&2; }

version_of() { # prints MAJOR.MINOR; fails unless the project supports it
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(not (3, 10) <= sys.version_info < (3, 14))'
}

system_packages() { # Debian and Ubuntu only: what headless rendering loads, and venv where Python came without it
    { command -v apt-get && command -v dpkg-query; } >/dev/null || return 0
    local package missing=() root=()
    for package in libegl1 libgl1-mesa-dri libopengl0; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
    done
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python$version-venv")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            say "system packages are missing; run: sudo apt-get install -y ${missing[*]}"
            return 0
        fi
        root=(sudo -n)
    fi
    say "apt-get install ${missing[*]}"
    "${root[@]}" apt-get update -qq </dev/null || true
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
        say "apt-get failed; rendering needs: ${missing[*]}"
}

python=.venv/bin/python
if ! version=$(version_of "$python" 2>/dev/null) || ! "$python" -c 'import pip' 2>/dev/null; then
    python=${PYTHON:-python3}
    if ! version=$(version_of "$python" 2>/dev/null); then
        say "Python 3.10 to 3.13 is needed, '$python' is ${version:-missing}; name another: make install PYTHON=python3.12"
        exit 1
    fi
    system_packages
    if ! "$python" -m venv --clear .venv >/dev/null; then
        rm -rf .venv
        say "could not make .venv with '$python'"
        exit 1
    fi
else
    system_packages
fi

pip_install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@"
}

say "Python $version, versions of constraints.txt; the first time takes some minutes"
# The default index's Linux build of torch brings gigabytes of CUDA, so the index of CPU builds comes first.
index=${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}
if ! pip_install --no-deps --index-url "$index" --retries 1 --timeout 20 torch; then
    say "no torch for Python $version from $index; taking the default index's build"
    pip_install torch
fi
pip_install --editable '.[ros,maze,baselines,dev]'
.venv/bin/python -m pip check
