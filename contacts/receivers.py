"""What contacts tells the mail queue, and what it gives and forgets of a person."""

from accounts import privacy
from common import mail
from contacts import personal_data, suppressions

mail.screen(suppressions.screen)
mail.unsubscribe_link(suppressions.link_for)
privacy.collects("contacts")(personal_data.collect)
privacy.erases("contacts")(personal_data.erase)
