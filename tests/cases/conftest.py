"""For test_cases.py and test_cases_runner.py; the cases themselves are no tests of pytest."""

collect_ignore_glob = ["core", "command", "lua", "python", "plugin", "build", "lib"]


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes, or needs what few machines have")
