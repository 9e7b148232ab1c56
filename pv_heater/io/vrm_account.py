"""As whom VRM is asked, and for which site: the settings that the meter and the forecast share."""

from __future__ import annotations

from attrs import frozen

from pv_heater.core.setting import Secret, SettingProblem, setting


@frozen(kw_only=True)
class VrmAccount:
    """An access token, or a login."""

    token: Secret | None = setting(
        "access token from VRM, Preferences, Integrations; better than a login", default=None
    )
    username: str | None = setting("e-mail of the VRM account, where there is no token", default=None)
    password: Secret | None = setting("password of the VRM account, where there is no token", default=None)
    installation_id: int = setting("number in the address of the site's page at VRM", minimum=1)
    base_url: str = setting("where the VRM API is", default="https://vrmapi.victronenergy.com/v2")

    def __attrs_post_init__(self) -> None:
        if not self.token and not (self.username and self.password):
            raise SettingProblem(
                "is missing: give an access token (VRM, Preferences, Integrations), or username and password",
                "token",
            )
