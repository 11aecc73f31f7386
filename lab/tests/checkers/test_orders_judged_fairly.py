"""What a right order service may do is no violation, however odd it looks."""

STOCK = [{"item_id": "item-7", "quantity": 1}]
OTHER = [{"item_id": "item-8", "quantity": 1}]


def timeout(call, until):
    return (call, until, 0, "timeout")


def settled(desk):
    desk.settle()
    return desk.invalid()


def test_an_order_that_nobody_heard_of_may_be_there(desk):
    desk.order("k9", STOCK, timeout(600, 610), who="ivo")
    args = {"customer_id": "ivo", "account_id": "ivo", "lines": STOCK}
    desk.service.finish(desk.service.begin("order", args, "k9"), args)
    assert settled(desk) == set()


def test_and_may_be_not(desk):
    desk.order("k9", STOCK, timeout(600, 610), who="ivo")
    assert settled(desk) == set()


def test_another_payload_may_have_had_the_key_first(desk):
    desk.order("k9", OTHER, (600, 650), who="ivo", f="another")
    desk.order("k9", STOCK, (610, 640), who="ivo")
    assert [operation["outcome"] for operation in desk.history[-2:]] == ["ok", "fail"]
    assert settled(desk) == set()


def test_a_key_may_be_refused_because_of_one_that_nobody_heard_of(desk):
    desk.order("k9", OTHER, timeout(600, 605), who="ivo", f="another")
    args = {"customer_id": "ivo", "account_id": "ivo", "lines": OTHER}
    desk.service.finish(desk.service.begin("another", args, "k9"), args)
    desk.order("k9", STOCK, (610, 640), who="ivo")
    assert desk.history[-1]["outcome"] == "fail"
    assert settled(desk) == set()


def test_two_customers_may_use_one_key(desk):
    desk.order("k1", STOCK, (600, 610), who="ivo")
    assert desk.history[-1]["outcome"] == "ok"
    assert settled(desk) == set()


def test_a_repeat_is_told_of_the_order_as_it_was_made_whatever_became_of_it(desk):
    made = desk.order("k9", STOCK, (600, 610), who="ivo")
    desk.ask("cancel", made, (620, 630), who="ivo")
    desk.order("k9", STOCK, (640, 650), who="ivo")
    assert desk.history[-1]["value"]["version"] == 1
    assert settled(desk) == set()


def test_who_looks_while_somebody_cancels_may_be_shown_either(desk):
    made = desk.order("k9", STOCK, (600, 610), who="ivo")
    before = desk.ask("look", made, (625, 700), who="ivo")
    desk.ask("cancel", made, (620, 650), who="ivo")
    assert before["value"]["version"] == 1
    assert settled(desk) == set()


def test_a_cancellation_that_nobody_heard_of_may_have_happened(desk):
    made = desk.order("k9", STOCK, (600, 610), who="ivo")
    desk.ask("cancel", made, timeout(620, 630), who="ivo")
    desk.service.finish(
        desk.service.begin("cancel", {"order_id": made}, None), {"customer_id": "ivo", "order_id": made}
    )
    desk.ask("look", made, (640, 650), who="ivo")
    assert settled(desk) == set()


def test_a_timeline_may_lag_behind(desk):
    made = desk.order("k9", STOCK, (600, 610), who="ivo")
    desk.ask("timeline", made, (620, 630), who="ivo")
    desk.ask("follow", made, (620, 680), who="ivo", until=1, after=0)
    assert desk.history[-2]["value"] == {"entries": [], "version": 0}
    assert settled(desk) == set()


def test_a_stream_may_be_cut_and_a_heartbeat_is_no_event(desk):
    follow = desk.operation("follow")
    follow["value"]["events"] = [{"id": None, "event": "message", "data": ""}, follow["value"]["events"][0]]
    follow["value"]["ended"] = "cut"
    assert desk.invalid() == set()


def test_an_event_may_be_told_many_times_as_whoever_sent_it_may_not_have_learnt_that_it_arrived(desk):
    for shard in (0, 1):
        for row in desk.service.outbox:
            row["published"] = False
        desk.service.relay(shard, "before_mark")
        desk.service.relay(shard, "")
    assert settled(desk) == set()


def test_an_event_that_arrived_need_not_be_marked(desk):
    desk.rows("outbox")[0]["published"] = False
    assert desk.invalid() == set()


def test_what_was_parked_and_replayed_is_no_finding(desk):
    row = {"topic": "order.events", "partition": 0, "record_offset": 3, "reason": "no JSON", "replayed": True}
    desk.rows("parked").append(row)
    assert desk.invalid() == set()


def test_an_order_that_is_acknowledged_while_a_page_is_made_need_not_be_on_it(desk):
    desk.do("list", None, {"customer_id": "ivo", "limit": 20}, (600, 640))
    desk.order("k9", STOCK, (590, 610), who="ivo")
    assert settled(desk) == set()


def test_who_asks_about_anothers_order_may_be_told_to_wait_or_nothing(desk):
    args = {"customer_id": "bob", "order_id": desk.operation("look")["args"]["order_id"], "what": "look"}
    desk.tell("trespass", None, args, (429, {"code": "rate-limited"}), (600, 610))
    desk.tell("trespass", None, args, None, timeout(600, 610))
    assert desk.invalid() == set()


def test_a_look_that_is_refused_for_now_says_nothing(desk):
    args = {"customer_id": "ann", "order_id": desk.operation("look")["args"]["order_id"]}
    desk.tell("cancel", None, args, (429, {"code": "queue-full"}), (600, 610))
    assert desk.invalid() == set()


def test_whoever_pays_may_be_too_late_to_cancel(desk):
    """The checkout confirmed it: the books have the whole way, and nobody who asked before is wrong."""
    made = desk.order("k9", STOCK, (600, 610), who="ivo")
    order = desk.service.orders[made]
    way = ["InventoryRequested", "InventoryReserved", "PaymentRequested", "OrderConfirmed"]
    told = ["Inventory Pending", "Inventory Reserved", "Payment Pending", "Order Confirmed"]
    for version, (kind, status) in enumerate(zip(way, told, strict=True), 2):
        order = order | {"status": status, "version": version}
        desk.service.write(order, kind, {}, next(desk.service.positions))
    args = {"customer_id": "ivo", "order_id": made}
    desk.tell("cancel", None, args, (409, {"code": "too-late"}), (620, 630))
    desk.ask("look", made, (640, 650), who="ivo")
    assert settled(desk) == set()


def test_a_wish_to_cancel_shows_while_the_order_goes_on(desk):
    made = desk.order("k9", STOCK, (600, 610), who="ivo")
    pending = desk.service.orders[made] | {"status": "Inventory Pending", "version": 2}
    desk.service.write(pending, "InventoryRequested", {}, next(desk.service.positions))
    wished = pending | {"version": 3, "cancellation_requested": True}
    desk.service.write(wished, "CancellationRequested", {}, next(desk.service.positions))
    args = {"customer_id": "ivo", "order_id": made}
    desk.tell("cancel", None, args, (202, desk.service.view(wished)), (620, 630))
    assert settled(desk) == set()
    desk.service.write(
        wished | {"version": 4, "status": "Order Cancelled"}, "OrderCancelled", {}, next(desk.service.positions)
    )
    desk.ledgers = desk.records = None
    assert settled(desk) == set()
