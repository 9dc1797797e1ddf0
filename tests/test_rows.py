from frontier.batch import rows


def test_a_file_that_names_no_row_names_none():
    files = {
        "data/other.csv": "a,b\n1,2\n", "data/empty.csv": "row_id\n",
        "figures/a.svg": "row_id\n1\n", "data/blank.csv": "",
        "data/missing.csv": 'row_id,a\n"",1\n',
    }  # fmt: skip
    assert rows.used(files) == {}


def test_every_row_is_named_once_in_the_order_of_the_table():
    assert rows.used({"data/a.csv": "x,row_id\n1,b\n2,a\n3,b\n"}) == {"data/a.csv": ["b", "a"]}
