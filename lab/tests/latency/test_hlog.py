import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_lab.latency import Histogram, HlogError, HlogWriter, merge_hlog, read_hlog
from trivet_lab.latency.codec import CodecError, decode, encode

counts = st.dictionaries(st.integers(0, 30_000), st.integers(1, 2**62), max_size=40)


def filled(*latencies_us):
    histogram = Histogram()
    for latency_us in latencies_us:
        histogram.record(latency_us)
    return histogram


@given(counts)
def test_decoding_undoes_encoding(sparse):
    histogram = Histogram(sparse.items())
    assert decode(encode(histogram)) == histogram


@given(st.binary(max_size=80))
def test_bytes_that_are_no_histogram_are_refused_and_nothing_else_happens(noise):
    with pytest.raises(CodecError):
        decode(noise)


def test_every_torn_encoding_is_refused():
    whole = encode(filled(1, 5, 5, 90_000))
    for length in range(len(whole)):
        with pytest.raises(CodecError):
            decode(whole[:length])


def test_a_log_gives_back_its_intervals(tmp_path):
    path = tmp_path / "buy.hlog"
    writer = HlogWriter(path, base_unix_s=1_700_000_000.25)
    writer.write(0.5, 1.0, filled(10, 20))
    writer.write(1.5, 1.0, Histogram())
    writer.write(2.5, 0.75, filled(3_000_000))
    writer.close()
    assert read_hlog(path) == [(0.5, filled(10, 20)), (2.5, filled(3_000_000))]
    assert merge_hlog(path) == filled(10, 20, 3_000_000)


def test_a_log_without_intervals_is_no_file_and_merges_to_nothing(tmp_path):
    writer = HlogWriter(tmp_path / "buy.hlog", base_unix_s=0)
    writer.write(0, 1, Histogram())
    writer.close()
    assert not (tmp_path / "buy.hlog").exists()
    assert merge_hlog(tmp_path / "buy.hlog") == Histogram()


def test_a_line_cut_by_the_writers_death_is_left_out_and_a_spoilt_one_is_named(tmp_path):
    path = tmp_path / "buy.hlog"
    writer = HlogWriter(path, base_unix_s=0)
    writer.write(0, 1, filled(7))
    writer.write(1, 1, filled(8))
    writer.close()
    text = path.read_text()
    path.write_text(text[:-9])
    assert read_hlog(path) == [(0.0, filled(7))]
    path.write_text(text.replace("HISTF", "HOSTF", 1))
    with pytest.raises(HlogError, match=r"buy\.hlog line 6: no compressed V2 histogram"):
        read_hlog(path)


def test_an_encoding_of_the_reference_library_is_read():
    hdrh = pytest.importorskip("hdrh.histogram", reason="the reference package has wheels for x86-64 alone")
    reference = hdrh.HdrHistogram(1, 3_600_000_000, 3)
    for value in (1, 2, 2047, 2048, 2049, 70_000, 5_000_000, 5_000_000):
        reference.record_value(value)
    ours = decode(base64.b64decode(reference.encode()))
    assert ours == filled(1, 2, 2047, 2048, 2049, 70_000, 5_000_000, 5_000_000)


@given(st.lists(st.integers(0, 3_000_000_000), min_size=1, max_size=60))
def test_the_reference_library_reads_what_is_written_here_and_agrees(latencies_us):
    hdrh = pytest.importorskip("hdrh.histogram", reason="the reference package has wheels for x86-64 alone")
    ours = filled(*latencies_us)
    theirs = hdrh.HdrHistogram.decode(base64.b64encode(encode(ours)))
    assert theirs.get_total_count() == ours.count
    assert theirs.get_max_value() == ours.max
    for rank in range(1, ours.count + 1):
        percent = 100 * rank / ours.count
        if percent * ours.count / 100 == rank:  # between ranks it rounds half up, where ours takes the next
            assert theirs.get_value_at_percentile(percent) == ours.percentile(percent)


def test_the_reference_library_reads_our_logs(tmp_path):
    log = pytest.importorskip("hdrh.log", reason="the reference package has wheels for x86-64 alone")
    hdrh = pytest.importorskip("hdrh.histogram", reason="the reference package has wheels for x86-64 alone")
    path = tmp_path / "buy.hlog"
    writer = HlogWriter(path, base_unix_s=1_700_000_000.25)
    writer.write(0.5, 1.0, filled(10, 20))
    writer.write(1.5, 1.0, filled(3_000_000))
    writer.close()
    reader = log.HistogramLogReader(str(path), hdrh.HdrHistogram(1, 3_600_000_000, 3))
    first = reader.get_next_interval_histogram()
    second = reader.get_next_interval_histogram()
    assert (first.get_total_count(), second.get_total_count()) == (2, 1)
    assert first.get_start_time_stamp() == pytest.approx(1_700_000_000_750)
    assert reader.get_next_interval_histogram() is None
    reader.close()
