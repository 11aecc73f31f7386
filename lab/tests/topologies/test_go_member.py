"""A Go member on a real stage: its changed copy is what runs, with a Valkey of its own, and each replica is told of."""

from __future__ import annotations

from pathlib import Path

import httpx
from till import till, write_till

from trivet_lab.members import find_members
from trivet_lab.mutants import Arrangement, Edit, Mutant, lay_over
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop, link_names
from trivet_platform import Supervisor

EDIT = Edit("internal/script/take.lua", "if free then take() end", "take()")


def test_the_copy_runs_and_each_replica_is_told_of(tmp_path: Path) -> None:
    member = till(write_till(tmp_path))
    where = Arrangement("till", "flash-sale", "setnx", "", {}, {})
    mutant = Mutant("m", "w", Path("m.toml"), member.folder, (EDIT,), where, ("no_oversell",))
    settings = {"till": lay_over(mutant, tmp_path / "copy").environment}
    with Supervisor(tmp_path / "run") as platform:
        shop = Shop(platform, {"till": member}, lab="go")
        shop.open()
        with shop.stage("setnx", settings, links=link_names([member])) as stage:
            replicas = stage.inside["till"]
            assert len(set(replicas)) == 2
            for url in replicas:
                said = httpx.get(f"{url}/anything").text
                assert said.startswith("take()\nredis://127.0.0.1:")
                assert shop.valkeys[0].url not in said, "it is led over its link"
            started = {str(Path(f"/proc/{program.pids[0]}/exe").readlink()) for program in stage.programs}
            assert started == {str(tmp_path / "copy" / "bin" / "trivet-till")}
            assert {"till-valkey", "till-api-1-to-till-valkey", "till-api-2-to-till-valkey"} <= stage.parts.keys()


def test_its_valkey_is_no_one_s_of_a_quorum(tmp_path: Path) -> None:
    inventory, member = find_members(lab_settings().root)["inventory"], till(tmp_path)
    shop = Shop(Supervisor(tmp_path), {"inventory": inventory, "till": member}, lab="own")
    assert [valkey.name for valkey in shop.valkeys] == [*[f"valkey-{n}" for n in range(1, 6)], "till-valkey"]
    told = {each.name: shop._environment(each, "postgresql://", {}, lab=False) for each in (inventory, member)}
    five, own = (told[each.name][each.variable("VALKEY_URLS")].split(",") for each in (inventory, member))
    assert (five, own) == ([valkey.url for valkey in shop.valkeys[:5]], [shop.valkeys[5].url])
