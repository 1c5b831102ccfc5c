"""Names that real addresses of Graph are made of, to tell them from a slip of the pen.

Source: Microsoft's public metadata of Graph v1.0 (``msgraph-metadata``): all that is at the top,
and what may follow where files, sites, lists, people, groups, mail and plans are. Only names.
"""

from __future__ import annotations

from collections.abc import Sequence

_ROOTS = """
    admin agreementAcceptances agreements appCatalogs appRoleAssignments applicationTemplates
    applications auditLogs authenticationMethodConfigurations authenticationMethodsPolicy
    certificateBasedAuthConfiguration chats communications compliance connections contacts
    contracts copilot dataPolicyOperations deviceAppManagement deviceManagement devices
    directory directoryObjects directoryRoleTemplates directoryRoles domainDnsRecords domains
    drive drives education employeeExperience external filterOperators functions
    groupLifecyclePolicies groupSettingTemplates groupSettings groups identity
    identityGovernance identityProtection identityProviders informationProtection invitations me
    oauth2PermissionGrants organization permissionGrants places planner policies print privacy
    reports roleManagement schemaExtensions scopedRoleMemberships search security
    servicePrincipals shares sites solutions storage subscribedSkus subscriptions teams
    teamsTemplates teamwork tenantRelationships users
"""
#: what an address may begin with
ROOTS = frozenset(_ROOTS.split())

_SINGLE = """
    $count $ref $value accept activate add addCopy addCopyFromContentTypeHub addFavorite
    allowedCalendarSharingRoles analytics archive assignLicense assignSensitivityLabel
    associateWithHubSites authentication backupRestore base calendar cancel canvasLayout
    changePassword checkGrantedPermissionsForApp checkMemberGroups checkMemberObjects checkin
    checkout clone cloudClipboard completeMigration content copy copyNotebook
    copyToDefaultContentLocation copyToNotebook copyToSection copyToSectionGroup createForward
    createLink createReply createReplyAll createUploadSession createdByUser createdOnBehalfOf
    dataSecurityAndGovernance decline delta details discardCheckout dismissReminder
    doesUserHaveAccess drive driveItem employeeExperience exportDeviceAndAppManagementData
    exportPersonalData extractSensitivityLabels fields filesFolder findMeetingTimes follow
    forward getActivitiesByInterval getAllMessages getAllRetainedMessages getAllSites
    getApplicableContentTypesForList getAvailableExtensionProperties getByIds getByPath
    getCompatibleHubContentTypes getMailTips getManagedAppDiagnosticStatuses
    getManagedAppPolicies getManagedDevicesWithAppFailures getMemberGroups getMemberObjects
    getNotebookFromWebUrl getRecentNotebooks getSchedule getStaffAvailability
    getWebPartsByPosition grant group hideForUser inReplyTo inferenceClassification insights
    invite isPublished lastMessagePreview lastModifiedByUser list listItem lock manager
    markChatReadForUser markChatUnreadForUser move onPremisesSyncBehavior onenote
    onenotePatchContent outlook parentNotebook parentSection parentSectionGroup permanentDelete
    permission photo planner presence preview primaryChannel provisionEmail
    provisionMigrationContainers publicKeyInfrastructure publish recent recovery recycleBin
    reminderView remove removeAllAccessForUser removeAllDevicesFromManagement removeEmail
    removeFavorite renew reply replyAll reprocessLicenseAssignment resetUnseenCount restore
    restoreVersion retentionLabel retryServiceProvisioning revokeSignInSessions root schedule
    search send sendActivityNotification sendActivityNotificationToRecipients sendMail
    sharedWithMe site snoozeReminder solutions sourceColumn startMigration subscribeByMail
    supportedLanguages supportedTimeZones team teamsAppSettings teamwork template
    tentativelyAccept termStore todo translateExchangeIds unarchive unfollow unhideForUser
    unlock unpublish unsubscribeByMail validatePermission validateProperties virtualEvents
    wipeManagedAppRegistrationsByDeviceTag workbook
"""
#: what stands for one thing, or does something
SINGLE = frozenset(_SINGLE.split())

_COLLECTIONS = """
    acceptedSenders activities adhocCalls administrativeUnits agreementAcceptances allChannels
    allMembers appRoleAssignments appointments attachments attributeSets baseTypes
    bookingBusinesses bookingCurrencies buckets bundles calendarGroups calendarPermissions
    calendarView calendars channels chats childFolders children cloudPCs columnLinks
    columnPositions columns contactFolders contacts containerTypeRegistrations containerTypes
    containers contentTypes conversations createdObjects customQuestions
    customSecurityAttributeDefinitions customers deletedChats deletedContainers deletedItems
    deletedTeams deviceLocalCredentials deviceManagementTroubleshootingEvents directReports
    documentSetVersions drives enabledApps events exceptionOccurrences extensions
    externalColumns federationConfigurations followedSites following groupLifecyclePolicies
    incomingChannels installedApps instances items joinedTeams licenseDetails lists mailFolders
    managedAppRegistrations managedDevices masterCategories memberOf members
    membersWithLicenseErrors messageRules messages migrationJobs multiValueExtendedProperties
    notebooks oauth2PermissionGrants onPremisesSynchronization onlineMeetings operations
    ownedDevices ownedObjects owners pages people permissionGrants permissions photos
    pinnedMessages plans posts registeredDevices rejectedSenders remoteTenantGroups resources
    scopedRoleMemberOf sectionGroups sections services settings sharePointGroups sharedWithTeams
    singleValueExtendedProperties sites special sponsorOf sponsors staffMembers subscriptions
    tabs tags targetedMessages tasks termStores threads thumbnails transitiveMemberOf
    transitiveMembers versions webParts workforceIntegrations
"""
#: what stands for many things; an id may follow
COLLECTIONS = frozenset(_COLLECTIONS.split())


def is_real(segments: Sequence[str]) -> bool:
    """Whether Graph itself has such an address, as far as these names tell.

    Args:
        segments: the address below the version, without parts by path.
    """
    if not segments or segments[0] not in ROOTS:
        return False
    names = [name.partition("(")[0].removeprefix("microsoft.graph.") for name in segments]
    if len(names) < 3:
        return True
    if "recycleBin" in names:
        return False  # the bin of a site is in beta only, and nothing can be done with its entries
    return names[-1] in SINGLE | COLLECTIONS or names[-2] in COLLECTIONS
