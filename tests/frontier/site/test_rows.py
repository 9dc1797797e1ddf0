from frontier.site import rows


def test_a_file_that_names_no_row_names_none():
    files = {
        "data/other.csv": "a,b\n1,2\n", "data/empty.csv": "row_id\n",
        "figures/a.svg": "row_id\n1\n", "data/blank.csv": "",
        "data/missing.csv": 'row_id,a\n"",1\n',
    }  # fmt: skip
    assert rows.used(files) == {}


def test_every_row_is_named_once_in_the_order_of_the_table():
    assert rows.used({"data/a.csv": "x,row_id\n1,b\n2,a\n3,b\n"}) == {"data/a.csv": ["b", "a"]}


def test_a_page_lists_the_rows_of_the_smallest_files_first_and_counts_the_rest():
    used = {"data/history.csv": list("abcdef"), "data/few.csv": ["e", "c"], "data/one.csv": ["b"]}
    assert rows.shown(used, most=3) == (["b", "e", "c"], 3)
    assert rows.shown(used, most=6) == (["b", "e", "c", "a", "d", "f"], 0)
    assert rows.shown({}, most=3) == ([], 0)
