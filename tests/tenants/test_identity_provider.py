"""An identity provider: off unless set, believed for verified addresses only, and never a membership."""

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client as Browser

from costtrack import env
from tenants.models import Membership, User
from tests.tenants.test_factors import give_factor

APP = {
    "provider_id": "company",
    "name": "Acme SSO",
    "client_id": "id",
    "secret": "secret",
    "settings": {"server_url": "https://idp.test"},
}
CONFIG = {
    "authorization_endpoint": "https://idp.test/authorize",
    "token_endpoint": "https://idp.test/token",
    "userinfo_endpoint": "https://idp.test/userinfo",
    "issuer": "https://idp.test",
    "jwks_uri": "https://idp.test/jwks",
}


@pytest.fixture
def provider(settings, monkeypatch):
    """An identity provider that says of everybody what `says` holds."""
    settings.OIDC = APP
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"APPS": [APP], "OAUTH_PKCE_ENABLED": True}
    }
    says = {}
    base = "allauth.socialaccount.providers"
    adapter = f"{base}.openid_connect.views.OpenIDConnectOAuth2Adapter"
    monkeypatch.setattr(f"{adapter}.openid_config", CONFIG)
    monkeypatch.setattr(f"{adapter}._fetch_user_info", lambda self, token: says)
    monkeypatch.setattr(
        f"{base}.oauth2.client.OAuth2Client.get_access_token",
        lambda self, code, pkce_code_verifier=None, extra_data=None: {"access_token": "t"},
    )
    return says


def sign_in(says, **who):
    """The browser after the provider has sent somebody back, and the answer."""
    says.clear()
    says.update({"sub": f"sub of {who.get('email')}", "email_verified": True} | who)
    browser = Browser()
    asked = browser.get("/accounts/oidc/company/login/")
    assert asked.headers["Location"].startswith("https://idp.test/authorize?")
    assert "code_challenge=" in asked.headers["Location"]
    state = asked.headers["Location"].split("state=")[1].split("&")[0]
    return browser, browser.get(f"/accounts/oidc/company/login/callback/?code=c&state={state}")


def test_without_settings_there_is_no_such_way_in(world):
    assert Browser().get("/accounts/oidc/company/login/").status_code == 404
    assert "SSO" not in Browser().get("/accounts/login/").content.decode()


def test_the_way_in_is_a_link_since_a_form_may_not_lead_elsewhere(world, provider):
    page = Browser().get("/accounts/login/").content.decode()

    assert '<a class="button calm" href="/accounts/oidc/company/login/">' in page
    assert "Sign in with Acme SSO" in page


def test_somebody_new_gets_an_account_and_no_membership(world, provider):
    browser, _ = sign_in(provider, email="Nia@acme.test", name="Nia")

    page = browser.get("/").content.decode()
    assert "You belong to no company yet" in page
    assert "nia@acme.test" in page
    user = User.objects.get(email="nia@acme.test")
    assert not user.has_usable_password()
    with world.acme.scope():
        assert not Membership.objects.filter(user=user).exists()


def test_a_known_address_that_is_verified_is_the_same_person(world, provider):
    browser, _ = sign_in(provider, email=world.ana.email)

    assert browser.get("/t/acme/").status_code == 200
    assert SocialAccount.objects.get().user == world.ana


@pytest.mark.parametrize("email", ["ana@acme.test", "new@nowhere.test"])
def test_an_address_that_the_provider_does_not_vouch_for_opens_nothing(world, provider, email):
    before = User.objects.count()

    browser, answer = sign_in(provider, email=email, email_verified=False)

    assert answer.headers["Location"] == "/accounts/login/"
    assert "does not vouch" in browser.get("/accounts/login/").content.decode()
    assert browser.get("/t/acme/").status_code == 302
    assert User.objects.count() == before


def test_a_second_factor_is_asked_for_all_the_same(world, provider):
    give_factor(world.ana)

    browser, answer = sign_in(provider, email=world.ana.email)

    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    assert browser.get("/t/acme/").status_code == 302


def test_half_a_setting_stops_the_start(monkeypatch):
    monkeypatch.setenv("OIDC_SERVER_URL", "https://idp.test")

    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_ID, OIDC_CLIENT_SECRET"):
        env.oidc()


def test_a_whole_setting_is_one_provider(monkeypatch):
    for name, value in {
        "OIDC_SERVER_URL": "https://idp.test",
        "OIDC_CLIENT_ID": "id",
        "OIDC_CLIENT_SECRET": "secret",
        "OIDC_NAME": "Acme SSO",
    }.items():
        monkeypatch.setenv(name, value)

    assert env.oidc() == APP
