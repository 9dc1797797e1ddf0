from broadsheet import links
from frontier.data import measurements
from frontier.site import citations


def test_every_measured_row_has_its_values_and_an_address_of_the_web():
    frame = measurements.load_measurements()
    rows = citations.cited(frame["row_id"])
    assert list(rows) == list(frame["row_id"])
    assert {len(row.values) for row in rows.values()} == {len(citations.HEADS)}
    assert all(links.is_web(row.url) for row in rows.values())


def test_a_row_says_what_the_table_says_and_leads_to_its_run():
    frame = measurements.load_measurements().set_index("row_id")
    row = frame[frame["run_url"].map(links.is_web)].iloc[0]
    rows = citations.cited([row.name, "no row"])
    assert list(rows) == [row.name]
    said = dict(zip(citations.HEADS, rows[row.name].values, strict=True))
    assert rows[row.name].url == row["run_url"]
    assert said["Users"] == str(row["concurrency"])
    assert said["Date"] == f"{row['date']:%Y-%m-%d}"
    assert float(said["tok/s/user"].replace(",", "")) == float(f"{row['interactivity']:.3g}")


def test_the_age_of_the_data_is_that_of_the_rows():
    frame = measurements.load_measurements()
    told = citations.dates()
    assert f"{len(frame):,} measured rows" in told
    assert f"{frame['date'].max():%Y-%m-%d}" in told
