"""Compares answers of lapicque with those of DuckDB.

compare.py [--install] FILE     FILE is what the test `sql_duckdb` writes: tables, queries and answers. Exits 1 where an answer differs;
says on stderr that it was skipped, and exits 0, where DuckDB is not there and cannot be installed.
"""
import json, math, os, struct, subprocess, sys, tempfile, venv


def duckdb_or_none(install):
    try:
        import duckdb
        return duckdb
    except ImportError:
        if not install or os.environ.get("COMPARE_INSTALLED"):
            return None
    folder = os.path.join(tempfile.gettempdir(), "lapicque-duckdb")
    venv.create(folder, with_pip=True)
    python = os.path.join(folder, "bin", "python")
    if subprocess.run([python, "-m", "pip", "install", "--quiet", "duckdb"]).returncode != 0:
        return None
    os.environ["COMPARE_INSTALLED"] = "1"
    os.execv(python, [python] + sys.argv)


def value(cell, kind):
    """A cell as the file holds it: floats are the 16 digits of their bits."""
    if cell is None or kind != "DOUBLE":
        return cell
    return struct.unpack(">d", bytes.fromhex(cell))[0]


def plain(cell):
    """A cell by which rows are compared and sorted."""
    if cell is None:
        return (0, "")
    if isinstance(cell, bool):
        return (1, str(cell))
    if isinstance(cell, float):
        return (2, "NaN") if math.isnan(cell) else (2, repr(cell + 0.0))
    return (3, str(cell))


def main():
    arguments = [a for a in sys.argv[1:] if a != "--install"]
    duckdb = duckdb_or_none("--install" in sys.argv)
    if duckdb is None:
        print("skipped: this Python has no duckdb and cannot install it", file=sys.stderr)
        return 0
    with open(arguments[0]) as file:
        document = json.load(file)
    engine = duckdb.connect()
    for name, table in document["tables"].items():
        kinds = [kind for _, kind in table["columns"]]
        engine.execute("CREATE TABLE %s (%s)" % (name, ", ".join('"%s" %s' % tuple(c) for c in table["columns"])))
        rows = [[value(cell, kind) for cell, kind in zip(row, kinds)] for row in table["rows"]]
        if rows:
            engine.executemany("INSERT INTO %s VALUES (%s)" % (name, ", ".join("?" * len(kinds))), rows)
    compared = one_sided = failed = 0
    for query in document["queries"]:
        try:
            theirs = [[plain(cell) for cell in row] for row in engine.execute(query["sql"]).fetchall()]
        except duckdb.Error as error:
            theirs = str(error)
        ours = query["rows"]
        if ours is None or isinstance(theirs, str):
            # Which rows are looked at is free, so one engine may meet an overflow that the other does not.
            one_sided += (ours is None) != isinstance(theirs, str)
            if "Overflow" not in str(theirs) and "Out of Range" not in str(theirs) and isinstance(theirs, str):
                failed += 1
                print("DuckDB does not take the query:", query["sql"], theirs, sep="\n  ", file=sys.stderr)
            continue
        ours = [[plain(value(cell, kind)) for cell, kind in zip(row, query["types"])] for row in ours]
        if not query["ordered"]:
            ours.sort(), theirs.sort()
        compared += 1
        if ours != theirs:
            failed += 1
            print("differs:", query["sql"], "lapicque: %s" % ours, "DuckDB:   %s" % theirs, sep="\n  ", file=sys.stderr)
    print("%d answers compared, %d differ; %d errors on one side only" % (compared, failed, one_sided), file=sys.stderr)
    return 1 if failed or compared < len(document["queries"]) // 2 else 0


sys.exit(main())
