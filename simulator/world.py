"""Everything one running simulator has: its memory, its clock and how it is set to behave."""

from dataclasses import dataclass, field

from simulator.courier import Courier
from simulator.device_codes import DeviceSignIns
from simulator.settings import Behaviour
from simulator.stage import Stage
from simulator.store import Store


@dataclass
class World(Stage):
    store: Store
    initial_behaviour: Behaviour
    behaviour: Behaviour = field(init=False)
    device_sign_ins: DeviceSignIns = field(init=False)
    courier: Courier = field(default_factory=Courier)
    calls_by_minute: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])

    def __post_init__(self) -> None:
        self.behaviour = self.initial_behaviour
        self.device_sign_ins = DeviceSignIns(self.now)

    def reset(self) -> None:
        super().reset()
        self.courier.clear()
        self.device_sign_ins.clear()
        self.store.clear()
        self.behaviour = self.initial_behaviour
        self.calls_by_minute.clear()
