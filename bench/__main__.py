"""`make bench`: prints what was measured, as Markdown; ratios and rates, never a pass or a fail."""

import os
import platform


def main() -> None:
    """Measure the evaluator against its peers and exceptions by index, then decisions on throw-away servers."""
    from bench import evaluator, exceptions

    print(f"# Bench, Python {platform.python_version()}, {os.cpu_count()} cores")
    evaluator.main()
    exceptions.main()

    from tests.services import prepare

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stellapolicy.settings")
    prepare()
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from bench import decisions, evidence, exception_lists, feeds, preview

    decisions.run()
    preview.run()
    exception_lists.run()
    evidence.run()
    feeds.run()


if __name__ == "__main__":
    main()
