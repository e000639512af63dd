"""Everything one running simulator has: its memory, its clock and how it is set to behave."""

from dataclasses import dataclass, field

from simulator.courier import Courier
from simulator.device_codes import DeviceSignIns
from simulator.settings import Behaviour
from simulator.stage import Stage
from simulator.store import Store
from simulator.throttle import Throttle


@dataclass
class World(Stage):
    store: Store
    initial_behaviour: Behaviour
    behaviour: Behaviour = field(init=False)
    device_sign_ins: DeviceSignIns = field(init=False)
    courier: Courier = field(default_factory=Courier)
    throttle: Throttle = field(default_factory=Throttle)

    def __post_init__(self) -> None:
        self.behaviour = self.initial_behaviour
        self.device_sign_ins = DeviceSignIns(self.now)

    def reset(self) -> None:
        super().reset()
        self.courier.clear()
        self.device_sign_ins.clear()
        self.store.clear()
        self.behaviour = self.initial_behaviour
        self.throttle.clear()
